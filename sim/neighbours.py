import numpy as np
from scipy.spatial import cKDTree
class Neighbours:
    def __init__(self, o):
        a=np.stack([29784/np.sqrt(o.a_au)]*1,1)
        h=np.stack([np.array(o.py)*0,np.array(o.px)*0],1)
        v=29784/np.sqrt(o.a_au)
        # perihelion vector (e) and pole
        px,py,pz=o.px/o.a_au,o.py/o.a_au,o.pz/o.a_au
        b=o.a_au*np.sqrt(1-o.e**2)
        qx,qy,qz=o.qx/b,o.qy/b,o.qz/b
        hx,hy=py*qz-pz*qy, pz*qx-px*qz
        self.p=np.stack([v, .5*v*o.e*px,.5*v*o.e*py, v*hx, v*hy],1)
        self.t=cKDTree(self.p)
    def nearest(self,row,k):
        d,i=self.t.query(self.p[row],k+1)
        i=i[i!=row][:k]
        return i.astype(np.int64)
